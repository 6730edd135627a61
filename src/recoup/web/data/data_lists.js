// The lists of loaded rows: what they show, and by what they are filtered.

import { wordsOf } from "../shared/states.js";
import { day, money, monthOf, number, time, words } from "../shared/words.js";

const text = (value) => value || "-";
const word = (value) => (value ? words(value) : "-");
const month = (value) => (value ? monthOf(value.slice(0, 7), { month: "short", year: "numeric" }) : "-");
/** What reads a day without a time, which is one of UTC. */
export const OF_DAYS = [day, month];
const yesNo = (value) => (value === null ? "not known" : value ? "yes" : "no");
const marketplace = (id) => wordsOf("marketplace", id);

/** What a field of any list is called, how it reads, and the class of its column. Fields that have no
    entry are shown among a row's details only. */
const COLUMNS = {
  amountCharged: ["Charged", money, "number"],
  amountTotal: ["Amount", money, "number"],
  approvedAt: ["Approved", time, "date"],
  averageQuantityOnHand: ["Units on average", number, "number"],
  carrier: ["Carrier", text],
  category: ["Kind", word],
  condition: ["Condition", word],
  countryCode: ["Country", text],
  createdAt: ["Created", time, "date"],
  createdOn: ["Created", day, "date"],
  currency: ["Currency", text],
  damaged: ["Damaged", number, "number"],
  depositedAt: ["Paid out", time, "date"],
  description: ["Description", text, "wrap"],
  destinationFulfillmentCenter: ["Sent to", text],
  detailedDisposition: ["State", word],
  disposedQuantity: ["Disposed of", number, "number"],
  disposition: ["State", word],
  endedAt: ["Ended", time, "date"],
  endingBalance: ["End", number, "number"],
  eventOn: ["Day", day, "date"],
  eventType: ["Movement", word],
  feeTotal: ["Fee", money, "number"],
  fnsku: ["FNSKU", text, "wrap"],
  found: ["Found", number, "number"],
  fulfillableQuantity: ["Can be sold", number, "number"],
  fulfilledBy: ["Fulfilled by", word],
  fulfillmentCenter: ["Warehouse", text],
  fulfillmentFee: ["Fulfillment fee", money, "number"],
  inboundPlanId: ["Plan", text, "wrap"],
  isBalanced: ["Lines add up", yesNo],
  isParticipating: ["Sells there", yesNo],
  lastUpdatedAt: ["Changed", time, "date"],
  lineCount: ["Lines", number, "number"],
  linesTotal: ["Sum of the lines", money, "number"],
  loadedAt: ["Read", time, "date"],
  location: ["Where", text],
  lost: ["Lost", number, "number"],
  marketplaceId: ["Marketplace", marketplace],
  marketplaceIds: ["Marketplaces", (ids) => ids.map(marketplace).join(", ")],
  money: ["Amount", money, "number"],
  monthOn: ["Month", month, "date"],
  monthlyStorageFee: ["Fee", money, "number"],
  msku: ["SKU", text, "wrap"],
  name: ["Name", text, "wrap"],
  orderId: ["Order", text, "nowrap"],
  orderType: ["Kind", word],
  originalOrderId: ["Original order", text, "nowrap"],
  postedAt: ["Posted", time, "date"],
  price: ["Price", money, "number"],
  problemQuantity: ["Units", number, "number"],
  problemType: ["Problem", word, "wrap"],
  productName: ["Product", text, "wrap"],
  quantity: ["Units", number, "number"],
  quantityCharged: ["Units", number, "number"],
  quantityTotal: ["Units", number, "number"],
  reason: ["Reason", word, "wrap"],
  reasonCode: ["Reason", text],
  receipts: ["Received", number, "number"],
  referralFee: ["Referral fee", money, "number"],
  reimbursementId: ["Reimbursement", text],
  replacementOrderId: ["Replacement order", text, "nowrap"],
  reportedAt: ["Reported", time, "date"],
  requestedAt: ["Requested", time, "date"],
  requestedQuantity: ["Requested units", number, "number"],
  reservedQuantity: ["Reserved", number, "number"],
  returnedAt: ["Returned", time, "date"],
  salesChannel: ["Sold on", text],
  salesPrice: ["Sale price", money, "number"],
  serviceLevel: ["Service level", word],
  settlementId: ["Settlement", text],
  shipmentId: ["Shipment", text],
  shippedAt: ["Sent", time, "date"],
  shippedQuantity: ["Shipped", number, "number"],
  sizeTier: ["Size class", (tier) => word(tier).replace(/^Us /, "US ")],
  sku: ["SKU", text, "wrap"],
  snapshotOn: ["Day", day, "date"],
  startedAt: ["Started", time, "date"],
  startingBalance: ["Beginning", number, "number"],
  status: ["Status", word],
  storageRate: ["Rate", money, "number"],
  surchargeAgeTier: ["Age", text],
  surchargeRate: ["Rate", money, "number"],
  total: ["Total", money, "number"],
  totalQuantity: ["Total", number, "number"],
  totalVolume: ["Volume", number, "number"],
  trackingNumber: ["Tracking number", text, "wrap"],
  type: ["Type", word, "wrap"],
  unfulfillableQuantity: ["Cannot be sold", number, "number"],
  unitsOrdered: ["Units", number, "number"],
  unknownEvents: ["Unexplained", number, "number"],
};

/** By the name in the API. at: the time by which it is sorted and filtered. stream: which brings it,
    where that is called otherwise. isPart: of its rows, which are not counted. columns: the first one opens a row. */
export const LISTS = {
  orders: {
    title: "Orders", noun: "order", at: "createdAt", filters: ["sku", "orderId"],
    says: "What customers bought, with the items of each order.",
    columns: ["orderId", "createdAt", "status", "salesChannel", "unitsOrdered", "total"],
  },
  transactions: {
    title: "Transactions", noun: "transaction", at: "postedAt", filters: ["sku", "orderId"],
    says: "Every movement of money that Amazon posted.",
    columns: ["type", "postedAt", "description", "orderId", "status", "total"],
  },
  fees: {
    title: "Fees", noun: "fee", at: "postedAt", stream: "transactions", isPart: true, filters: ["sku", "orderId"],
    says: "The lines that make up transactions.",
    columns: ["type", "postedAt", "category", "orderId", "sku", "money"],
  },
  inventory: {
    title: "Inventory", noun: "product", at: "lastUpdatedAt", filters: ["sku", "fnsku"],
    says: "The stock in Amazon's warehouses now.",
    columns: ["sku", "productName", "fulfillableQuantity", "reservedQuantity", "unfulfillableQuantity", "totalQuantity", "lastUpdatedAt"],
  },
  ledger: {
    title: "Stock ledger", noun: "movement", at: "eventOn", filters: ["sku", "fnsku"],
    says: "Every movement of stock in Amazon's warehouses.",
    columns: ["eventType", "eventOn", "msku", "fnsku", "quantity", "reason", "disposition", "fulfillmentCenter"],
  },
  reimbursements: {
    title: "Reimbursements", noun: "reimbursement", at: "approvedAt", filters: ["sku", "fnsku", "orderId"],
    says: "What Amazon paid for lost or damaged units, and what it took back.",
    columns: ["reimbursementId", "approvedAt", "reason", "sku", "orderId", "quantityTotal", "amountTotal"],
  },
  returns: {
    title: "Returns", noun: "return", at: "returnedAt", filters: ["sku", "fnsku", "orderId"],
    says: "Units that customers sent back.",
    columns: ["orderId", "returnedAt", "sku", "quantity", "reason", "detailedDisposition", "status"],
  },
  removals: {
    title: "Removals", noun: "removal", at: "requestedAt", filters: ["sku", "fnsku", "orderId"],
    says: "Stock that you requested back or had disposed of.",
    columns: ["orderId", "requestedAt", "sku", "orderType", "status", "requestedQuantity", "shippedQuantity", "disposedQuantity"],
  },
  shipments: {
    title: "Inbound shipments", noun: "shipment", at: "createdOn", filters: ["sku", "fnsku"],
    says: "What you sent to Amazon, with sent and received units.",
    columns: ["shipmentId", "createdOn", "name", "status", "destinationFulfillmentCenter"],
  },
  "inbound-plans": {
    title: "Inbound plans", noun: "plan", at: "lastUpdatedAt", stream: "inbound_plans", filters: [],
    says: "The plans that shipments belong to.",
    columns: ["inboundPlanId", "lastUpdatedAt", "name", "status", "marketplaceIds"],
  },
  "inbound-noncompliance": {
    title: "Inbound problems", noun: "problem", at: "reportedAt", stream: "inbound_noncompliance", filters: ["sku", "fnsku"],
    says: "Problems that Amazon found in shipments, and what it charged for them.",
    columns: ["problemType", "reportedAt", "shipmentId", "sku", "problemQuantity", "feeTotal"],
  },
  "ledger-summary": {
    title: "Monthly balances", noun: "balance", at: "monthOn", stream: "ledger_summary", filters: ["sku", "fnsku"],
    says: "The stock at the beginning and the end of each month, and the movements in between.",
    columns: ["msku", "monthOn", "fnsku", "disposition", "location", "startingBalance", "receipts", "lost", "unknownEvents", "endingBalance"],
  },
  "removal-shipments": {
    title: "Removal parcels", noun: "parcel", at: "shippedAt", stream: "removal_shipments", filters: ["sku", "fnsku", "orderId"],
    says: "The parcels of removal orders.",
    columns: ["orderId", "shippedAt", "sku", "shippedQuantity", "carrier", "trackingNumber", "disposition"],
  },
  replacements: {
    title: "Replacements", noun: "replacement", at: "shippedAt", filters: ["sku", "orderId"],
    says: "Units that Amazon sent to customers as replacements.",
    columns: ["replacementOrderId", "shippedAt", "originalOrderId", "sku", "quantity", "reasonCode"],
  },
  "fee-preview": {
    title: "Expected fees", noun: "product", at: "loadedAt", stream: "fee_preview", filters: ["sku", "fnsku"],
    says: "The fees that Amazon expects for one sale of each product, with the size that it measured.",
    columns: ["sku", "fnsku", "sizeTier", "price", "referralFee", "fulfillmentFee", "feeTotal"],
  },
  "storage-fees": {
    title: "Storage fees", noun: "storage fee", at: "monthOn", stream: "storage_fees", filters: ["fnsku"],
    says: "What Amazon charges for storage, by month, product and warehouse.",
    columns: ["fnsku", "monthOn", "productName", "fulfillmentCenter", "averageQuantityOnHand", "storageRate", "monthlyStorageFee"],
  },
  "long-term-storage-fees": {
    title: "Aged inventory surcharges", noun: "surcharge", at: "snapshotOn", stream: "long_term_storage_fees", filters: ["sku", "fnsku"],
    says: "What Amazon charges for units that have been in stock for a long time.",
    columns: ["sku", "snapshotOn", "fnsku", "surchargeAgeTier", "quantityCharged", "surchargeRate", "amountCharged"],
  },
  settlements: {
    title: "Settlements", noun: "settlement", at: "endedAt", filters: [],
    says: "What Amazon paid out, and whether the lines of its file add up to it.",
    columns: ["settlementId", "startedAt", "endedAt", "depositedAt", "lineCount", "isBalanced", "total"],
  },
  marketplaces: {
    title: "Marketplaces", noun: "marketplace", at: "loadedAt", filters: [],
    says: "Where the account can sell.",
    columns: ["name", "countryCode", "currency", "isParticipating"],
  },
};

/** [what it is called, how its value reads, class]; null for a field that is no column. */
export function columnOf(field) {
  return COLUMNS[field] ?? null;
}
