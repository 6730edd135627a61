// The lists of loaded rows: what they show, and by what they are filtered.

import { wordsOf } from "../shared/states.js";
import { day, money, number, time, words } from "../shared/words.js";

const text = (value) => value || "-";
const word = (value) => (value ? words(value) : "-");

/** What a field of any list is called, how it reads, and the class of its column. Fields that have no
    entry are shown among a row's details only. */
const COLUMNS = {
  amountTotal: ["Amount", money, "number"],
  approvedAt: ["Approved", time, "date"],
  category: ["Kind", word],
  condition: ["Condition", word],
  createdAt: ["Created", time, "date"],
  createdOn: ["Created", day, "date"],
  description: ["Description", text, "wrap"],
  destinationFulfillmentCenter: ["Sent to", text],
  detailedDisposition: ["State", word],
  disposedQuantity: ["Disposed of", number, "number"],
  disposition: ["State", word],
  eventOn: ["Day", day, "date"],
  eventType: ["Movement", word],
  fnsku: ["FNSKU", text, "wrap"],
  fulfillableQuantity: ["Can be sold", number, "number"],
  fulfilledBy: ["Fulfilled by", word],
  fulfillmentCenter: ["Warehouse", text],
  lastUpdatedAt: ["Changed", time, "date"],
  marketplaceId: ["Marketplace", (id) => wordsOf("marketplace", id)],
  money: ["Amount", money, "number"],
  msku: ["SKU", text, "wrap"],
  name: ["Name", text, "wrap"],
  orderId: ["Order", text, "nowrap"],
  orderType: ["Kind", word],
  postedAt: ["Posted", time, "date"],
  productName: ["Product", text, "wrap"],
  quantity: ["Units", number, "number"],
  quantityTotal: ["Units", number, "number"],
  reason: ["Reason", word, "wrap"],
  reimbursementId: ["Reimbursement", text],
  requestedAt: ["Requested", time, "date"],
  requestedQuantity: ["Requested units", number, "number"],
  reservedQuantity: ["Reserved", number, "number"],
  returnedAt: ["Returned", time, "date"],
  salesChannel: ["Sold on", text],
  serviceLevel: ["Service level", word],
  shipmentId: ["Shipment", text],
  shippedQuantity: ["Shipped", number, "number"],
  sku: ["SKU", text, "wrap"],
  status: ["Status", word],
  total: ["Total", money, "number"],
  totalQuantity: ["Total", number, "number"],
  type: ["Type", word, "wrap"],
  unfulfillableQuantity: ["Cannot be sold", number, "number"],
  unitsOrdered: ["Units", number, "number"],
};

/** By the name in the API. at: the time by which it is sorted and filtered. stream: which brings it,
    where that is called otherwise. columns: the first one opens a row. */
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
    title: "Fees", noun: "fee", at: "postedAt", stream: "transactions", filters: ["sku", "orderId"],
    says: "The lines of which transactions are made.",
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
};

/** [what it is called, how its value reads, class]; null for a field that is no column. */
export function columnOf(field) {
  return COLUMNS[field] ?? null;
}
